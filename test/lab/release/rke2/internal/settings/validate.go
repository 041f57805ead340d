package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CNIs and IngressControllers are the values that --cni and --ingress-controller accept besides "none".
var (
	CNIs               = []string{"calico", "canal", "cilium", "flannel"}
	IngressControllers = []string{"traefik", "ingress-nginx"}
)

// CNI returns the chosen network plugin and whether multus stands before it. The messages are those of
// rancher/rke2 pkg/cli/cmds/server.go validateCNI.
func (s *Settings) CNI() (plugin string, multus bool, err error) {
	chosen := s.List("cni")
	switch {
	case len(chosen) == 1 && chosen[0] == "multus":
		return "", false, failedFlag("cni", "multus must be used alongside another primary cni selection")
	case len(chosen) == 2 && chosen[0] == "multus":
		multus, chosen = true, chosen[1:]
	case len(chosen) == 2:
		return "", false, failedFlag("cni", "may only provide multiple values if multus is the first value")
	case len(chosen) != 1:
		return "", false, failedFlag("cni", "must specify 1 or 2 values")
	}
	if chosen[0] != "none" && !slices.Contains(CNIs, chosen[0]) {
		return "", false, badValue("cni", chosen[0], CNIs)
	}
	return chosen[0], multus, nil
}

// Ingress returns the chosen ingress controllers, the default class first; none means an empty list. Releases before 1.36
// default to ingress-nginx, later ones to traefik; a release without the flag has ingress-nginx unless it is disabled.
func (s *Settings) Ingress(version string) ([]string, error) {
	chosen := s.List("ingress-controller")
	if len(chosen) == 0 {
		chosen = []string{"traefik"}
		if !AtLeast(version, "v1.36.0") {
			chosen = []string{"ingress-nginx"}
		}
	}
	var out []string
	for _, c := range chosen {
		switch {
		case c == "none":
		case !slices.Contains(IngressControllers, c):
			return nil, badValue("ingress-controller", c, IngressControllers)
		case !s.Disabled("rke2-" + c):
			out = append(out, c)
		}
	}
	return out, nil
}

// Disabled reports whether a packaged component was named by --disable.
func (s *Settings) Disabled(component string) bool {
	return slices.Contains(s.List("disable"), component)
}

func failedFlag(name, reason string) error {
	return fmt.Errorf("Failed to validate --%s flag: %w", name, errors.New(reason)) //nolint:staticcheck // the real program's words
}

func badValue(name, value string, valid []string) error {
	return fmt.Errorf("Invalid value %s for --%s flag: must be one of %s", value, name, strings.Join(valid, ",")) //nolint:staticcheck // the real program's words
}
