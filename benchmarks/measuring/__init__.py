"""One measurement, one process: so that memory, warm-up and threads are each contestant's own."""
