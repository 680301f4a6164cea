"""Instruments that run MethodSCRIPT: EmStat Pico, EmStat4, Sensit, Nexus."""
