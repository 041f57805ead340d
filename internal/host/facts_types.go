package host

import "time"

// Facts are what a host says about itself. A fact that it does not know is the zero value.
type Facts struct {
	// Hostname is the kernel's node name.
	Hostname string
	// OS and OSVersion are ID and VERSION_ID of /etc/os-release ("debian", "12"), OSName is its PRETTY_NAME.
	OS, OSVersion, OSName string
	// Arch is in Go's terms ("amd64", "arm64", otherwise what uname -m says); Kernel is uname -r.
	Arch, Kernel string
	// Systemd says whether systemd is process 1; SystemdVersion is its number ("252").
	Systemd        bool
	SystemdVersion string
	// BootID changes with each boot.
	BootID string
	// MachineID is /etc/machine-id.
	MachineID string
	// Address is the source address of the default route, or the one that SSH came in on where there is no
	// route; Interface belongs to the default route.
	Address, Interface string
	// CPUs is the number of processors that are online.
	CPUs int
	// Memory and MemoryAvailable are in bytes.
	Memory, MemoryAvailable int64
	// DiskFree is what is free, in bytes, where /var/lib, /usr/local and /tmp live, by these names.
	DiskFree map[string]int64
	// Swap says whether swap is on.
	Swap bool
	// SELinux is Enforcing, Permissive, Disabled or empty.
	SELinux string
	// Cgroup is 1 or 2.
	Cgroup int
	// Time is the host's clock.
	Time time.Time
	// User is the one that SSH logged in; Root is how it becomes root: "root", "sudo", "sudo with password" or empty.
	User, Root string
}
