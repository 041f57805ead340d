package istio

import "encoding/json"

// destinationJSON is how a VirtualService writes a [Destination].
type destinationJSON struct {
	Destination struct {
		Host   string               `json:"host"`
		Port   *destinationPortJSON `json:"port,omitempty"`
		Subset string               `json:"subset,omitempty"`
	} `json:"destination"`
	Weight int32 `json:"weight,omitempty"`
}

type destinationPortJSON struct {
	Number int32 `json:"number"`
}

// MarshalJSON writes the destination as an HTTPRouteDestination of networking.istio.io.
func (d Destination) MarshalJSON() ([]byte, error) {
	out := destinationJSON{Weight: d.Weight}
	out.Destination.Host, out.Destination.Subset = d.Host, d.Subset
	if d.Port != 0 {
		out.Destination.Port = &destinationPortJSON{d.Port}
	}
	return json.Marshal(out)
}

// UnmarshalJSON is the inverse of [Destination.MarshalJSON].
func (d *Destination) UnmarshalJSON(raw []byte) error {
	var in destinationJSON
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	*d = Destination{Host: in.Destination.Host, Subset: in.Destination.Subset, Weight: in.Weight}
	if in.Destination.Port != nil {
		d.Port = in.Destination.Port.Number
	}
	return nil
}
