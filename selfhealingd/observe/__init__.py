"""What is seen of services and of the host; the only room that imports psutil."""
