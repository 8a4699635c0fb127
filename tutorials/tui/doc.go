// Package tui is the full screen of a lesson: its text beside live pictures of
// what the gateway decides. It draws the engine's events and nothing else, so that
// what is on the screen is what happened.
//
// # Parts
//
// Screen runs the program. Model holds what has been told so far; Update takes in
// events, keys and ticks and never waits: whatever takes time is a command. View
// composes panels, one file each, from the model and the time.
//
// # Time
//
// What moves (a bucket that refills, a window that slides, a countdown) is drawn
// from the state that the gateway told last and the gateway's clock. Ticks come
// only while something moves.
//
// # Without colour
//
// Every meaning has a shape and a letter too; colour only repeats it. There is no
// Braille, and an ASCII set for terminals that have nothing else.
package tui
