package tempo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/receive"
)

func written(t *testing.T, config string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tempo.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSettings_OpenWhatIsConfigured(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		receivers string
		want      receive.Endpoints
		closed    []string
	}{
		"the chart of 2023": {
			`{jaeger: {protocols: {grpc: {endpoint: "0.0.0.0:14250"}}}, opencensus: null, otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}, http: {endpoint: "0.0.0.0:4318"}}}}`,
			receive.Endpoints{OTLPGRPC: "0.0.0.0:4317", OTLPHTTP: "0.0.0.0:4318"},
			[]string{"jaeger", "opencensus"},
		},
		"one protocol":    {`{otlp: {protocols: {http: {endpoint: "0.0.0.0:4318"}}}}`, receive.Endpoints{OTLPHTTP: "0.0.0.0:4318"}, nil},
		"without a place": {`{otlp: {protocols: {grpc: }}, zipkin: }`, receive.Endpoints{OTLPGRPC: "localhost:4317", Zipkin: "localhost:9411"}, nil},
		"none":            {`{}`, receive.Endpoints{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, err := readSettings(written(t, "server: {http_listen_port: 3100}\nstorage: {trace: {backend: local}}\ndistributor: {receivers: "+c.receivers+"}\n"))
			if err != nil {
				t.Fatal(err)
			}
			at, closed, err := s.endpoints()
			if err != nil || s.api() != ":3100" {
				t.Fatalf("%v, %s", err, s.api())
			}
			if diff := cmp.Diff(c.want, at); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.closed, closed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSettings_RefuseWhatTempoDoes(t *testing.T) {
	t.Parallel()
	s, _, err := readSettings(written(t, "distributor: {receivers: {oltp: }}\n"))
	if err != nil || s.api() != ":3200" {
		t.Fatalf("%v, %s", err, s.api())
	}
	if _, _, err := s.endpoints(); err == nil || !strings.Contains(err.Error(), `unknown type: "oltp"`) {
		t.Errorf("error %v", err)
	}
	if err := Run(t.Context(), []string{"-config.file=" + written(t, "{}"), "-no-such-flag"}); err == nil {
		t.Error("a flag that Tempo does not know was taken")
	}
	if err := Run(t.Context(), []string{"-config.file=/does/not/exist"}); err == nil {
		t.Error("a missing file was taken")
	}
}
