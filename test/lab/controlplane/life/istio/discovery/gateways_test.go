package discovery

import (
	"strings"
	"testing"
)

const openAll = `{"selector":{"istio":"ingressgateway"},"servers":[{"hosts":["*"],"port":{"number":80,"protocol":"HTTP"}}]}`

func TestBuild_OfAGateway(t *testing.T) {
	t.Parallel()
	const web = "outbound|80||web.shop.svc.cluster.local"
	route := func(hosts, gateways, http string) string {
		return `{"hosts":` + hosts + `,"gateways":` + gateways + `,"http":` + http + `}`
	}
	plain := `[{"route":[{"destination":{"host":"web.shop.svc.cluster.local"}}]}]`
	cases := map[string]struct {
		gateways, routes map[string]string
		// want are the routes of port 8080, to which the Service leads its port 80; "closed" when it is not open.
		want string
	}{
		"nothing opens a port":          {nil, nil, "closed"},
		"a Gateway without routes":      {map[string]string{"shop/gw": openAll}, nil, ""},
		"a Gateway of other pods":       {map[string]string{"shop/gw": strings.Replace(openAll, "ingressgateway", "egressgateway", 1)}, nil, "closed"},
		"a Gateway of another port":     {map[string]string{"shop/gw": strings.Replace(openAll, "80", "81", 1)}, nil, "closed"},
		"a Gateway of HTTPS":            {map[string]string{"shop/gw": strings.Replace(openAll, `"HTTP"`, `"HTTPS"`, 1)}, nil, "closed"},
		"a route":                       {map[string]string{"shop/gw": openAll}, map[string]string{"shop/r": route(`["web.lab"]`, `["gw"]`, plain)}, "web.lab: " + web + "*100"},
		"a route of another namespace":  {map[string]string{"shop/gw": openAll}, map[string]string{"data/r": route(`["web.lab"]`, `["shop/gw"]`, plain)}, "web.lab: " + web + "*100"},
		"a route of another Gateway":    {map[string]string{"shop/gw": openAll}, map[string]string{"data/r": route(`["web.lab"]`, `["gw"]`, plain)}, ""},
		"a route of the mesh alone":     {map[string]string{"shop/gw": openAll}, map[string]string{"shop/r": route(`["web.lab"]`, `["mesh"]`, plain)}, ""},
		"a host that the server lacks":  {map[string]string{"shop/gw": strings.Replace(openAll, `"*"`, `"*.dxlab"`, 1)}, map[string]string{"shop/r": route(`["web.lab"]`, `["gw"]`, plain)}, ""},
		"a route for more than it has":  {map[string]string{"shop/gw": strings.Replace(openAll, `"*"`, `"web.lab"`, 1)}, map[string]string{"shop/r": route(`["*"]`, `["gw"]`, plain)}, "web.lab: " + web + "*100"},
		"a server of its own namespace": {map[string]string{"shop/gw": strings.Replace(openAll, `"*"`, `"./*"`, 1)}, map[string]string{"data/r": route(`["web.lab"]`, `["shop/gw"]`, plain)}, ""},
		"a server that only redirects": {
			map[string]string{"shop/gw": strings.Replace(openAll, `"protocol":"HTTP"}`, `"protocol":"HTTP"},"tls":{"httpsRedirect":true}`, 1)}, nil, "*: https ",
		},
		"paths": {
			map[string]string{"shop/gw": openAll},
			map[string]string{"shop/r": route(`["*"]`, `["gw"]`, `[{"match":[{"uri":{"exact":"/a"}},{"uri":{"prefix":"/b"}}],"route":[{"destination":{"host":"web","port":{"number":80}}}]}]`)},
			"*: /a " + web + "*100; /b* " + web + "*100",
		},
		"weights and a subset that nobody defines": {
			map[string]string{"shop/gw": openAll},
			map[string]string{"shop/r": route(`["*"]`, `["gw"]`, `[{"route":[{"destination":{"host":"web"},"weight":90},{"destination":{"host":"web","subset":"v2"},"weight":10}]}]`)},
			"*: " + web + "*90 outbound|80|v2|web.shop.svc.cluster.local*10",
		},
		"a match that is not played never holds": {
			map[string]string{"shop/gw": openAll},
			map[string]string{"shop/r": route(`["*"]`, `["gw"]`, `[{"match":[{"queryParams":{"a":{"exact":"b"}}}],"route":[{"destination":{"host":"web"}}]},{"redirect":{"uri":"/"}}]`)},
			"*: to /",
		},
		"two routes for one host, the older first": {
			map[string]string{"shop/gw": openAll},
			map[string]string{"shop/r1": route(`["web.lab"]`, `["gw"]`, `[{"match":[{"uri":{"exact":"/a"}}],"route":[{"destination":{"host":"web"}}]}]`), "shop/r2": route(`["web.lab"]`, `["gw"]`, plain)},
			"web.lab: /a " + web + "*100; " + web + "*100",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			for key, spec := range test.gateways {
				namespace, name, _ := strings.Cut(key, "/")
				w.Gateways = append(w.Gateways, object(t, namespace, name, 0, spec))
			}
			for key, spec := range test.routes {
				namespace, name, _ := strings.Cut(key, "/")
				w.VirtualServices = append(w.VirtualServices, object(t, namespace, name, int(name[len(name)-1]), spec))
			}
			config := build(t, w, "istio-system", gatewayPod)
			got := text(config, 8080)
			if len(config.Listeners) == 0 || config.Listeners[0].Port != 8080 {
				got = "closed"
			}
			if got != test.want {
				t.Errorf("routes\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestBuild_FindsThePodsOfADestination(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.Gateways = append(w.Gateways, object(t, "shop", "gw", 0, openAll))
	w.VirtualServices = append(w.VirtualServices, object(t, "shop", "r", 0,
		`{"hosts":["*"],"gateways":["gw"],"http":[{"route":[{"destination":{"host":"web","subset":"two"},"weight":1},{"destination":{"host":"web"},"weight":1},{"destination":{"host":"nobody"},"weight":1}]}]}`))
	w.DestinationRules = append(w.DestinationRules, object(t, "shop", "web", 0, `{"host":"web","subsets":[{"name":"two","labels":{"version":"v2"}}]}`))
	clusters := build(t, w, "istio-system", gatewayPod).Clusters
	want := map[string]string{"outbound|80|two|web.shop.svc.cluster.local": "10.42.0.4:9080 web-v2", "outbound|80||web.shop.svc.cluster.local": "10.42.0.3:9080 web-v1,10.42.0.4:9080 web-v2"}
	for name, addresses := range want {
		var got []string
		for _, endpoint := range clusters[name].Endpoints {
			got = append(got, endpoint.Address+" "+endpoint.Workload.Name)
		}
		if strings.Join(got, ",") != addresses {
			t.Errorf("%s has %v, want %s", name, got, addresses)
		}
	}
	if len(clusters) != len(want) {
		t.Errorf("a service that is not there has a cluster: %v", clusters)
	}
}
