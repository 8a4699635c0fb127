// Package killercoda turns lessons into scenarios of Killercoda and back.
//
// # Export
//
// A scenario shows the lesson's prose; its commands call gwctl tutorial step, so
// that verify.sh judges by what the gateways answered, as the lesson does. Hints
// and solutions are folded; a lesson that gwctl does not bring along travels in
// assets/lesson.
//
// # Import
//
// Commands that a learner is to press become run blocks, verify.sh the exec of a
// check, foreground.sh and background.sh setup, folded tips hints and folded
// solutions solves. All of it runs on the learner's machine, so an imported
// lesson asks first, as every lesson from elsewhere does.
package killercoda
