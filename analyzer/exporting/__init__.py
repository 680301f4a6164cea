"""A session as a file for other programs: tables, workbooks, raw bytes and the SACMES layouts."""
