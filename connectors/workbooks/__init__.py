"""The Workbooks side: reads eligible opportunities and writes results back to them."""
