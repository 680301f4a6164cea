"""Writing a scan as the files of instruments; what each makes is read by `sacmes_core.formats`."""
