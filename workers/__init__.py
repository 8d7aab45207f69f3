"""RQ workers: live prices, crawls, and the schedule. `python -m workers --help` starts them."""
