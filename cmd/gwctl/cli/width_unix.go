//go:build unix

package cli

import "golang.org/x/sys/unix"

// terminalSize is the size of a terminal in cells, 0 if it does not tell.
func terminalSize(fd uintptr) (width, height int) {
	size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ) //nolint:gosec // a file descriptor fits
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}

func terminalWidth(fd uintptr) int {
	width, _ := terminalSize(fd)
	return width
}
