// Package detach starts processes that neither the terminal's signals nor its end
// reach.
package detach
