// Package plain shows a lesson line by line: one sentence an event, no colours,
// no cursor moves, no redrawing, no pictures. A screen reader, a pipe and a CI log
// get the same text; answers and commands are typed as lines. It also runs a
// lesson by itself, for demonstrations, and writes the events as JSON lines.
package plain
