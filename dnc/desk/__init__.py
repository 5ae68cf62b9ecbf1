"""The desk: pages in a browser for data officers, and an HTTP interface for diallers, on this machine.

It wants the extra `desk` (starlette, uvicorn, python-multipart); nothing else of the package imports it.
"""
