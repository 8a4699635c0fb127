// Package plugin says what a gateway plugin is: its Kind, its Instance, the
// phases that it takes part in, and the Exchange that it sees.
//
// It imports the standard library alone, and an Exchange is plain data: a
// request is an ordered list of fields, not a map and not an engine's own type,
// so that any engine can fill it without copying and no plugin depends on one.
//
// # Strings
//
// An engine copies the head of a request once, into one string, and cuts every
// method, path, name and value out of it. Plugins may keep them; nothing that
// they hold is overwritten by the next request. That costs one allocation a
// request and buys the absence of a whole class of faults.
//
// # Phases
//
// As in Kong, all phases run from the highest priority to the lowest, on the
// way back too, and when a plugin answers early, those after it are still
// collected, so that their header and log phases see the 401 or 429.
package plugin
