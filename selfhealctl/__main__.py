"""``python -m selfhealctl``."""

from selfhealctl.app import main

if __name__ == "__main__":
    main()
