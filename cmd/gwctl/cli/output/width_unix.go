//go:build unix

package output

import "golang.org/x/sys/unix"

// Size is the size of a terminal in cells, 0 if it does not tell.
func Size(fd uintptr) (width, height int) {
	size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ) //nolint:gosec // a file descriptor fits
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}

func width(fd uintptr) int {
	width, _ := Size(fd)
	return width
}
