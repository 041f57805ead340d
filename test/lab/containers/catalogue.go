package containers

import (
	"runtime"
	"slices"
)

// recipe is what an image is made of.
type recipe struct {
	name       string // the last component of its repository's name
	program    program
	entrypoint []string
	args       []string          // when a container has none of its own
	env        map[string]string // of the image, as upstream's sets it
	user       string            // "" for root
	workdir    string
	links      map[string]string // further names of programs, with what they lead to
	folders    []string          // that everybody can write to, besides /tmp
}

// catalogue lists the images. Entrypoints, users and folders are those of upstream's images, because charts and operators give
// only arguments, and set users that have to read what is there. A pod is real when all of its images are in here, so an image
// comes in when what is in it really does its work.
func catalogue() []recipe {
	return slices.Concat(nodeImages(), samples(), mesh(), tracing(), monitoring(), dashboards())
}

// nodeImages are those of every node. The sandbox's user is that of kubernetes:build/pause/Dockerfile@v1.36.3.
func nodeImages() []recipe {
	return []recipe{{name: "pause", program: standIns, entrypoint: run("pause"), user: "65535:65535"}}
}

const standInsPath = "/usr/local/bin/standins"

var standIns = goProgram{name: "standins", folder: "standins", target: standInsPath, what: "stand-in"}

// run is the entrypoint of an image in which a subcommand of the stand-ins' program is started.
func run(subcommand ...string) []string { return append([]string{standInsPath}, subcommand...) }

// platform of the images: that of the machine, whose processor runs them.
const platform = runtime.GOARCH
