"""Plain Python that several rooms use."""
