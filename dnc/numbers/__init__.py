"""Reading texts as telephone numbers in E.164."""
