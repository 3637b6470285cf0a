"""The only layer that imports rclpy and message packages."""
