"""The desk: pages in a browser for data officers, and an HTTP interface for diallers, on this machine.

It needs the extra `desk` (starlette, uvicorn, python-multipart); no other part of the package imports it.
"""
