package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cable"
)

func (h *Host) namespace() string { return "host-" + h.name }

// port is the switch's end of the host's cable.
func (h *Host) port() string { return fmt.Sprintf("p%d", h.number) }

// plug gives the host a fresh network namespace and cable. It happens at each boot: on a real machine too, interfaces, routes and
// firewall rules of the last boot are gone.
func (h *Host) plug(ctx context.Context) error {
	if err := h.unplug(ctx); err != nil {
		return err
	}
	if err := ip(ctx, "netns add "+h.namespace()); err != nil {
		return err
	}
	if err := h.connect(ctx); err != nil {
		return err
	}
	inside := "-n " + h.namespace()
	for _, args := range []string{
		inside + " link set lo up",
		"link set " + h.port() + " master br0 up",
		inside + " link set eth0 address " + h.hardware(),
		fmt.Sprintf("%s addr add %s/%d dev eth0", inside, h.address, network),
		inside + " link set eth0 up",
		inside + " route add default via " + Gateway,
	} {
		if err := ip(ctx, args); err != nil {
			return err
		}
	}
	return nil
}

// hardware is the host's Ethernet address. With another one at each boot its peers would for a while go on sending to the old one.
func (h *Host) hardware() string {
	a := h.address.As4()
	return fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3])
}

func (h *Host) connect(ctx context.Context) error {
	if !h.options.Cable {
		return ip(ctx, "link add "+h.port()+" type veth peer name eth0 netns "+h.namespace())
	}
	namespace, err := os.Open("/run/netns/" + h.namespace())
	if err != nil {
		return fmt.Errorf("opening the host's network: %w", err)
	}
	defer func() { _ = namespace.Close() }()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cable, err = cable.New(cable.End{Name: h.port()}, cable.End{Namespace: namespace, Name: "eth0"}, h.quality)
	return err
}

// unplug removes what plug made; what is not there is fine.
func (h *Host) unplug(ctx context.Context) error {
	h.mu.Lock()
	line := h.cable
	h.cable = nil
	h.mu.Unlock()
	var errs []error
	if line != nil {
		errs = append(errs, line.Close())
	} else {
		// not there on the first boot
		_ = ip(ctx, "link del "+h.port())
	}
	if _, err := os.Stat("/run/netns/" + h.namespace()); err == nil {
		errs = append(errs, ip(ctx, "netns del "+h.namespace()))
	}
	return errors.Join(errs...)
}

// Partition closes the host's switch port: nothing it sends arrives, nothing reaches it, and neither side is told. It stays so over
// reboots.
func (h *Host) Partition(ctx context.Context) error { return h.setPort(ctx, "add") }

// Heal ends a Partition.
func (h *Host) Heal(ctx context.Context) error { return h.setPort(ctx, "delete") }

func (h *Host) setPort(ctx context.Context, verb string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	closed := verb == "add"
	if h.cut == closed {
		return nil
	}
	if err := nft(ctx, fmt.Sprintf("%s element bridge lab closed { %s }", verb, h.port())); err != nil {
		return fmt.Errorf("setting the switch port of %s: %w", h.name, err)
	}
	h.cut = closed
	return nil
}

// SetCable changes the quality of the cable of a host that was made with Options.Cable; it stays over reboots.
func (h *Host) SetCable(quality Quality) error {
	if !h.options.Cable {
		return fmt.Errorf("host %s has no cable with a quality: set Options.Cable", h.name)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.quality = quality
	if h.cable != nil {
		h.cable.Set(quality)
	}
	return nil
}
