package object

// WithSpecs builds objects that are a name and a spec: the second structs, with json tags, are the specs of the first.
func WithSpecs(refs []Ref, specs []any) ([]Object, error) {
	objects := make([]Object, 0, len(refs))
	for i, ref := range refs {
		spec, err := Encode(specs[i])
		if err != nil {
			return nil, err
		}
		o := New(ref)
		o["spec"] = spec
		objects = append(objects, o)
	}
	return objects, nil
}
