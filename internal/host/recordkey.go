package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// recording keeps two first contacts of this process from writing at once. It guards files, not behaviour.
var recording sync.Mutex

// record adds a key that is seen for the first time to the first known_hosts file. A key that cannot be recorded is
// not trusted, or else the next run would trust another one as new again.
func (g *guard) record(key ssh.PublicKey) error {
	if len(g.hop.knownHosts) == 0 {
		return fault.Newf(fault.HostKey, "host key of %s cannot be recorded: there is no known_hosts file", g.hop.name)
	}
	recording.Lock()
	defer recording.Unlock()
	// Somebody else may have recorded a key of this host since this guard read the files.
	again := *g.hop
	again.policy = Strict
	fresh, err := newGuard(&again)
	if err != nil {
		return err
	}
	if known := fresh.db.HostKeys(g.hop.keyAddr()); len(known) > 0 {
		return fresh.check(key)
	}
	name := knownhosts.Normalize(g.hop.keyAddr())
	if g.hop.hashNames {
		name = xknownhosts.HashHostname(name)
	}
	line := knownhosts.Line([]string{name}, bare(key))
	if err := appendLine(g.hop.knownHosts[0], line); err != nil {
		return fault.Newf(fault.HostKey, "host key of %s cannot be recorded: %w", g.hop.name, err)
	}
	return nil
}

// appendLine adds a line by one write, which other processes see whole or not at all, and waits until it is on disk.
func appendLine(path, line string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	text := line + "\n"
	switch data, err := os.ReadFile(path); {
	case err == nil && len(data) > 0 && !bytes.HasSuffix(data, []byte("\n")):
		text = "\n" + text
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
