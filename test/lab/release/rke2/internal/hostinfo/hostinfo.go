// Package hostinfo knows what a node reports about its host: name, addresses, capacity, operating system.
package hostinfo

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// NodeName returns the node's name: the configured one or the host name, in lower case, with the id of the host appended when
// that is asked for. The id is made once and kept in idFile.
func NodeName(configured string, withID bool, idFile string) (string, error) {
	name := configured
	if name == "" {
		host, err := os.Hostname()
		if err != nil {
			return "", err
		}
		name = host
	}
	name = strings.ToLower(name)
	if !withID {
		return name, nil
	}
	id, err := os.ReadFile(idFile)
	if err != nil {
		b := make([]byte, 4)
		_, _ = rand.Read(b) // never fails since Go 1.24
		id = []byte(hex.EncodeToString(b) + "\n")
		if err := os.MkdirAll(filepath.Dir(idFile), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(idFile, id, 0o644); err != nil {
			return "", err
		}
	}
	return name + "-" + strings.TrimSpace(string(id)), nil
}

// DefaultAddress returns the first global IPv4 address of the interface that has the default route. RKE2 does not start on a
// host without a default route unless node-ip is set.
func DefaultAddress() (net.IP, error) {
	name, err := defaultInterface("/proc/net/route")
	if err != nil {
		return nil, err
	}
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	addrs, err := iface.Addrs()
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if ipnet, ok := a.(*net.IPNet); ok && ipnet.IP.To4() != nil && ipnet.IP.IsGlobalUnicast() {
			return ipnet.IP.To4(), nil
		}
	}
	return nil, errors.New("unable to select an IP from default routes")
}

func defaultInterface(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) > 7 && fields[1] == "00000000" && fields[7] == "00000000" {
			return fields[0], nil
		}
	}
	return "", errors.New(`no default routes found in "/proc/net/route" or "/proc/net/ipv6_route"`)
}

// Info is the nodeInfo part of a node's status.
type Info struct {
	MachineID, BootID, SystemUUID, Kernel, OSImage string
}

// Read collects the host's facts; what cannot be read stays empty.
func Read() Info {
	info := Info{
		MachineID: firstLine("/etc/machine-id"),
		BootID:    firstLine("/proc/sys/kernel/random/boot_id"),
		OSImage:   osImage("/etc/os-release"),
	}
	info.SystemUUID = uuid(info.MachineID)
	var uts syscall.Utsname
	if syscall.Uname(&uts) == nil {
		var b []byte
		for _, c := range uts.Release {
			if c == 0 {
				break
			}
			b = append(b, byte(c))
		}
		info.Kernel = string(b)
	}
	return info
}

func firstLine(file string) string {
	content, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(content), "\n")
	return strings.TrimSpace(line)
}

func uuid(machineID string) string {
	b, err := hex.DecodeString(machineID)
	if err != nil || len(b) != 16 {
		return machineID
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func osImage(file string) string {
	content, _ := os.ReadFile(file)
	for line := range strings.Lines(string(content)) {
		if v, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return "Linux"
}

// NthAddress returns the nth address of a network, 10.43.0.0/16 and 10 giving 10.43.0.10.
func NthAddress(cidr string, n uint32) (net.IP, error) {
	_, network, err := net.ParseCIDR(cidr)
	if err != nil {
		return nil, err
	}
	base := network.IP.To4()
	if base == nil {
		return nil, fmt.Errorf("%s is not an IPv4 network", cidr)
	}
	ip := make(net.IP, 4)
	binary.BigEndian.PutUint32(ip, binary.BigEndian.Uint32(base)+n)
	return ip, nil
}
