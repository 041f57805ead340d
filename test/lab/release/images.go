package release

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// number returns the minor and the patch of a version, 36 and 3 for v1.36.3+rke2r1; what cannot be read is 0.
func number(version string) (minorNumber, patch int) {
	core, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "+")
	fields := strings.Split(core, ".")
	if len(fields) > 2 {
		minorNumber, _ = strconv.Atoi(fields[1])
		patch, _ = strconv.Atoi(fields[2])
	}
	return minorNumber, patch
}

// imageSets returns the image archives of a release: the standard one and the named ones. From 1.36 on the core holds Traefik and
// ingress-nginx has an archive of its own; before it is the other way round.
func imageSets(version string) map[string][]string {
	ingress, other := "rancher/nginx-ingress-controller", "traefik"
	if m, _ := number(version); m >= 36 {
		ingress, other = "rancher/hardened-traefik", "ingress-nginx"
	}
	tag := strings.ReplaceAll(version, "+", "-")
	core := []string{
		"docker.io/rancher/rke2-runtime:" + tag,
		"docker.io/rancher/hardened-kubernetes:" + tag,
		"docker.io/rancher/hardened-coredns:" + tag,
		"docker.io/" + ingress + ":" + tag,
	}
	canal := []string{"docker.io/rancher/hardened-calico:" + tag, "docker.io/rancher/hardened-flannel:" + tag}
	return map[string][]string{
		"":          append(append([]string{}, core...), canal...),
		"-core":     core,
		"-canal":    canal,
		"-calico":   {"docker.io/rancher/mirrored-calico-node:" + tag, "docker.io/rancher/mirrored-calico-operator:" + tag},
		"-cilium":   {"docker.io/rancher/mirrored-cilium-cilium:" + tag},
		"-" + other: {"docker.io/rancher/" + other + ":" + tag},
	}
}

// writeImages writes the image archives: true names and formats, with a list of images but no image in them.
func writeImages(dir, version, platform string) error {
	for set, images := range imageSets(version) {
		base := filepath.Join(dir, "rke2-images"+set+"."+platform)
		manifest, err := json.Marshal([]map[string]any{{"RepoTags": images, "Layers": []string{}}})
		if err != nil {
			return err
		}
		entries := []entry{{name: "manifest.json", mode: 0o644, content: manifest}}
		if err := writeArchive(base+".tar.gz", entries); err != nil {
			return err
		}
		var plain bytes.Buffer
		if err := writeTar(&plain, entries); err != nil {
			return err
		}
		var packed bytes.Buffer
		if err := storeZstd(&packed, plain.Bytes()); err != nil {
			return err
		}
		if err := os.WriteFile(base+".tar.zst", packed.Bytes(), 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(base+".txt", []byte(strings.Join(images, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// storeZstd writes a Zstandard frame that stores its content without compressing it (RFC 8878, sections 3.1.1.1 and 3.1.1.2).
func storeZstd(w io.Writer, content []byte) error {
	const block = 128 << 10
	if int64(len(content)) > 1<<32-1 {
		return fmt.Errorf("storing %d bytes in one frame", len(content))
	}
	header := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0} // magic; single segment, four bytes of content size
	header = binary.LittleEndian.AppendUint32(header, uint32(len(content)))
	if _, err := w.Write(header); err != nil {
		return err
	}
	for {
		n := min(block, len(content))
		last := uint32(0)
		if n == len(content) {
			last = 1
		}
		head := binary.LittleEndian.AppendUint32(nil, last|uint32(n)<<3)
		if _, err := w.Write(append(head[:3], content[:n]...)); err != nil {
			return err
		}
		content = content[n:]
		if last == 1 {
			return nil
		}
	}
}
