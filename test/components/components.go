// Package components checks that what the component packages say of charts is true of charts: the objects that they wait for are rendered,
// the values that they set have their effect, the rules of the drift catalogue name objects that exist.
//
// Without further words the charts are the miniatures of the test lab. With LAB_CHARTS, the address of a chart repository, they are what is
// there: the real ones, for example.
package components
