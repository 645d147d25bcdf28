"""The process itself: its forks, core dumps and allocator."""
