package capture_test

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/capture"
)

func TestParse_ReadsWhatInjectionWrites(t *testing.T) {
	t.Parallel()
	all := capture.Plan{
		OutboundPort: 15001, InboundPort: 15006, User: 1337, Group: 1337, AllInbound: true, AllOutbound: true, NotInbound: []uint16{15008, 15090, 15021, 15020},
	}
	some := all
	some.AllInbound, some.AllOutbound = false, false
	some.Inbound, some.Outbound = []uint16{8080}, []netip.Prefix{netip.MustParsePrefix("10.43.0.0/16")}
	some.NotOutbound, some.NotOutboundPorts = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, []uint16{3306, 5432}
	cases := map[string]struct {
		args []string
		want capture.Plan
	}{
		"everything": {
			[]string{"-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*", "-x", "", "-b", "*", "-d", "15090,15021,15020", "--log_output_level=default:info"}, all,
		},
		"some ports and ranges": {
			[]string{"-i", "10.43.0.0/16", "-x", "10.1.2.3/8,fd00::/8", "-b", "8080", "-d", "15090,15021,15020", "-o", "3306,5432"}, some,
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := capture.Parse(test.args)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got\n%+v, want\n%+v", got, test.want)
			}
		})
	}
}

func TestParse_RefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"another mode":        {"-m", "TPROXY"},
		"no port":             {"-p", "http"},
		"a port too many":     {"-z", "1,2"},
		"no range":            {"-i", "10.0.0.0"},
		"no user":             {"-u", "proxy"},
		"an unknown argument": {"--teleport"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if plan, err := capture.Parse(args); err == nil {
				t.Errorf("it read %+v", plan)
			}
		})
	}
}
