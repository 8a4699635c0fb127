package output

import "golang.org/x/sys/windows"

// Size is the size of a terminal in cells, 0 if it does not tell.
func Size(fd uintptr) (width, height int) {
	var info windows.ConsoleScreenBufferInfo
	if err := windows.GetConsoleScreenBufferInfo(windows.Handle(fd), &info); err != nil {
		return 0, 0
	}
	return int(info.Window.Right-info.Window.Left) + 1, int(info.Window.Bottom-info.Window.Top) + 1
}

func width(fd uintptr) int {
	width, _ := Size(fd)
	return width
}
