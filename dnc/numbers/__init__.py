"""From text to telephone numbers in E.164."""
