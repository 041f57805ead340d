# Says who listens on PORTS.
listeners "$PORTS"
