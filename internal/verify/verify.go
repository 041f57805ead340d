// Package verify knows how to prove that a lab works: it sends requests whose traces it knows, looks for them in the
// trace store, reads the service graph, and walks the way of a span to name the hop that lost it.
//
// It speaks HTTP alone. How a URL is reached, from here, through a node or through the API server, is decided by the
// http.Client that it is given.
package verify
