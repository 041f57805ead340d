package cable

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/sandbox"
)

// request is the kernel's struct ifreq with the one member of its union that TUNSETIFF reads (linux/if.h).
type request struct {
	name  [unix.IFNAMSIZ]byte
	flags uint16
	_     [22]byte
}

// openTap makes the Ethernet interface called name; frames that it sends are read from the file, and the other way round. With a
// nil namespace it is made in the caller's network namespace.
func openTap(namespace *os.File, name string) (file *os.File, err error) {
	open := func() error {
		file, err = tap(name)
		return err
	}
	if namespace == nil {
		return file, open()
	}
	err = sandbox.InNetwork(namespace, open)
	return file, err
}

func tap(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening /dev/net/tun: %w", err)
	}
	var r request
	copy(r.name[:unix.IFNAMSIZ-1], name)
	r.flags = unix.IFF_TAP | unix.IFF_NO_PI
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TUNSETIFF, uintptr(unsafe.Pointer(&r))); errno != 0 {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("making interface %s: %w", name, errno)
	}
	return os.NewFile(uintptr(fd), name), nil
}
