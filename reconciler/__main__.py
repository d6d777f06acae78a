"""`python -m reconciler` is the `reconciler` command. Ctrl-C ends it in a sentence, also while it loads."""

from reconciler.interrupts import end_interrupted, end_when_interrupted, was_interrupted


def main() -> None:
    """Runs the command, and exits with its code; 1 after Ctrl-C."""
    try:
        end_when_interrupted()
        from reconciler.cli.main import main as run_command  # noqa: PLC0415  # it loads long, and can be interrupted

        run_command()
    except (KeyboardInterrupt, Exception) as error:
        if was_interrupted(error):
            end_interrupted()
        raise


if __name__ == "__main__":
    main()
