package kubeapi

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"

	"go.yaml.in/yaml/v2"
)

// kubeconfig holds the fields that the stand-in reads and writes, in the order of the real file.
type kubeconfig struct {
	APIVersion     string         `yaml:"apiVersion"`
	Clusters       []namedCluster `yaml:"clusters"`
	Contexts       []namedContext `yaml:"contexts"`
	CurrentContext string         `yaml:"current-context"`
	Kind           string         `yaml:"kind"`
	Users          []namedUser    `yaml:"users"`
}

type namedCluster struct {
	Cluster cluster `yaml:"cluster"`
	Name    string  `yaml:"name"`
}

type cluster struct {
	CAData string `yaml:"certificate-authority-data,omitempty"`
	CAFile string `yaml:"certificate-authority,omitempty"`
	Server string `yaml:"server"`
}

type namedContext struct {
	Context pairing `yaml:"context"`
	Name    string  `yaml:"name"`
}

type pairing struct {
	Cluster string `yaml:"cluster"`
	User    string `yaml:"user"`
}

type namedUser struct {
	Name string `yaml:"name"`
	User user   `yaml:"user"`
}

type user struct {
	CertData string `yaml:"client-certificate-data,omitempty"`
	CertFile string `yaml:"client-certificate,omitempty"`
	KeyData  string `yaml:"client-key-data,omitempty"`
	KeyFile  string `yaml:"client-key,omitempty"`
}

// ReadKubeconfig returns the options that the first cluster and user of a kubeconfig file stand for.
func ReadKubeconfig(path string) (Options, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Options{}, err
	}
	var k kubeconfig
	if err := yaml.Unmarshal(content, &k); err != nil {
		return Options{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(k.Clusters) == 0 || len(k.Users) == 0 {
		return Options{}, fmt.Errorf("%s: %w", path, errors.New("no cluster or no user"))
	}
	o := Options{Server: k.Clusters[0].Cluster.Server}
	who := k.Users[0].User
	for _, f := range []struct {
		to         *[]byte
		data, file string
	}{
		{&o.CA, k.Clusters[0].Cluster.CAData, k.Clusters[0].Cluster.CAFile},
		{&o.Cert, who.CertData, who.CertFile},
		{&o.Key, who.KeyData, who.KeyFile},
	} {
		if *f.to, err = inline(f.data, f.file); err != nil {
			return Options{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	return o, nil
}

func inline(data, file string) ([]byte, error) {
	if data != "" {
		return base64.StdEncoding.DecodeString(data)
	}
	return os.ReadFile(file)
}

// Kubeconfig returns the content of a kubeconfig with everything inline. name is what cluster, user and context are called.
func Kubeconfig(o Options, name string) ([]byte, error) {
	encode := base64.StdEncoding.EncodeToString
	return yaml.Marshal(kubeconfig{
		APIVersion:     "v1",
		Clusters:       []namedCluster{{Cluster: cluster{CAData: encode(o.CA), Server: o.Server}, Name: name}},
		Contexts:       []namedContext{{Context: pairing{Cluster: name, User: name}, Name: name}},
		CurrentContext: name,
		Kind:           "Config",
		Users:          []namedUser{{Name: name, User: user{CertData: encode(o.Cert), KeyData: encode(o.Key)}}},
	})
}
