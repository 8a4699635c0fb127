package hint

// Code is an exit code of the command line. The numbers are an interface: they
// are never given another meaning.
type Code int

// The exit codes.
const (
	OK          Code = 0
	Unexpected  Code = 1
	Usage       Code = 2
	Preflight   Code = 10
	NoEngine    Code = 11
	PortInUse   Code = 12
	Resources   Code = 13
	Network     Code = 14
	Timeout     Code = 15
	Broken      Code = 16
	Chart       Code = 17
	NotReady    Code = 18
	CheckFailed Code = 20
	BadLesson   Code = 21
	Interrupted Code = 130
)

// Meaning tells what a code stands for.
type Meaning struct {
	Code Code
	Doc  string
}

// Codes lists every code that a command may end with, in order.
func Codes() []Meaning {
	return []Meaning{
		{OK, "done"},
		{Unexpected, "something unexpected went wrong"},
		{Usage, "the command line was not understood"},
		{Preflight, "something that the command needs is not there: a directory that cannot be written, a file that cannot be read"},
		{NoEngine, "no container runtime, or none that this gwctl can use"},
		{PortInUse, "the port that was asked for is taken"},
		{Resources, "not enough memory, disk or file descriptors"},
		{Network, "a network or registry could not be reached"},
		{Timeout, "it took longer than --timeout"},
		{Broken, "the sandbox is there but broken"},
		{Chart, "installing the chart went wrong"},
		{NotReady, "the gateway is not ready: no sandbox runs, or it does not serve what it should"},
		{CheckFailed, "a check of a lesson failed"},
		{BadLesson, "a lesson's file is not valid"},
		{Interrupted, "interrupted, by Ctrl-C for instance; what had been begun was undone"},
	}
}
