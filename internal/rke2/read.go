package rke2

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

// Read looks at a machine in one round trip and compares it with the node that it should be. What is not there is
// no error: Observed.Installed tells.
func Read(ctx context.Context, h Host, n Node) (Observed, error) {
	answer, err := run(ctx, h, script{name: "read RKE2", file: "read.sh", env: map[string]string{
		"DATA_DIR": n.DataDir, "CONFIG_DIR": configDir, "TOKEN_FILE": tokenFile,
		"PREFIXES":        strings.Join([]string{defaultPrefix, altPrefix, rpmPrefix}, " "),
		"UNIT_PROPERTIES": unitProperties, "STAGE_NAME": stageName,
	}})
	if err != nil {
		return Observed{}, err
	}
	observed, err := observe(answer, n.Role)
	if err != nil {
		return Observed{}, fmt.Errorf("read RKE2 on %s: %w", h, err)
	}
	observed.Differences, err = differences(n, observed)
	if err != nil {
		return Observed{}, fmt.Errorf("read RKE2 on %s: %w", h, err)
	}
	return observed, nil
}

// observe turns the answer of read.sh into what is known. It compares nothing; the role that was asked for only picks
// the unit of a machine that shows no role of its own.
func observe(answer hostscript.Answer, asked Role) (Observed, error) {
	o := Observed{
		Version: answer.Value("version"), Prefix: answer.Value("prefix"), RPM: answer.Value("rpm") == "yes",
		Hostname: answer.Value("hostname"), Address: answer.Value("address"), DataDir: answer.Value("data_dir"),
		HasData: answer.Value("data") != "", leftover: len(answer.Values("stage")) > 0,
	}
	var err error
	if o.files, err = filesOf(answer); err != nil {
		return o, err
	}
	units := map[Role]UnitState{Server: parseUnit(string(answer.Blob("unit.server"))), Agent: parseUnit(string(answer.Blob("unit.agent")))}
	o.Role = roleOf(units, Role(answer.Value("data")))
	o.Unit = units[o.Role]
	if o.Role == "" {
		o.Unit = units[asked]
	}
	o.StaleProcess = strings.HasSuffix(answer.Value("exe."+string(o.Role)), " (deleted)")
	o.Installed = o.Prefix != "" || o.Unit.Load == "loaded" || units[Server].Load == "loaded" || units[Agent].Load == "loaded"
	if found, has := o.files[markerFile]; has {
		o.ByUs, o.marker = true, decodeMarker(found.content)
		o.Complete = o.marker.Complete
		o.RestartPending = o.Running() && o.appliedHash() != o.marker.Applied
	}
	o.ConfigHash, o.RegistriesHash = o.files[dropInFile].hash(), o.files[registriesFile].hash()
	o.UserConfig = slices.DeleteFunc(configFiles(o.files), func(name string) bool { return name == dropInFile })
	o.identify(answer.Value("node_id"))
	return o, nil
}

// filesOf reads the files that an answer lists, by path.
func filesOf(answer hostscript.Answer) (map[string]file, error) {
	names, contents := answer.Values("file"), answer.Blobs("file")
	if len(names) != len(contents) {
		return nil, fmt.Errorf("the answer lists %d files and %d contents", len(names), len(contents))
	}
	files := map[string]file{}
	for i, name := range names {
		if fields := strings.SplitN(name, " ", 3); len(fields) == 3 {
			files[fields[2]] = file{content: contents[i], mode: fields[0], owner: fields[1]}
		}
	}
	return files, nil
}

// identify works out the node's name and address the way k3s does (k3s: pkg/agent/config/config.go): the files in
// their order, the last one wins; otherwise the host name in lower case.
func (o *Observed) identify(nodeID string) {
	o.effective = map[string]any{}
	for _, name := range configFiles(o.files) {
		settings, _ := mapping(o.files[name].content)
		for key, value := range settings {
			o.effective[key] = value
		}
	}
	o.NodeName = strings.ToLower(o.Hostname)
	if name, ok := o.effective["node-name"].(string); ok && name != "" {
		o.NodeName = name
	}
	if with, ok := o.effective["with-node-id"].(bool); ok && with && nodeID != "" {
		o.NodeName += "-" + nodeID
	}
	if address := firstText(o.effective["node-ip"]); address != "" {
		o.Address = address
	}
}

// firstText takes the first of a comma-separated text or of a list.
func firstText(value any) string {
	switch v := value.(type) {
	case string:
		first, _, _ := strings.Cut(v, ",")
		return strings.TrimSpace(first)
	case []any:
		if len(v) > 0 {
			return firstText(v[0])
		}
	}
	return ""
}

// roleOf decides what the machine is by the strongest sign: a unit that runs, one that is enabled, data on the disk.
// The release brings both units, so a unit file alone says nothing.
func roleOf(units map[Role]UnitState, data Role) Role {
	signs := []func(UnitState) bool{
		func(u UnitState) bool { return u.Active == "active" },
		func(u UnitState) bool { return u.Active == "activating" || u.Active == "reloading" },
		func(u UnitState) bool { return u.Enabled == "enabled" },
	}
	for _, sign := range signs {
		for _, role := range []Role{Server, Agent} {
			if sign(units[role]) {
				return role
			}
		}
	}
	return data
}
