// Package lesson reads the format "Markdown lesson, v1": what a lesson says, does
// and checks, as data. It fires nothing and draws nothing.
//
// # A lesson
//
// One directory is one lesson. Its lesson.md begins with front matter (format,
// id, title, summary, level, minutes, tags, needs, params), then prose, then
// steps: headings of the second level, each with an id, "## Title {#id}". What is
// done stands in fenced blocks whose info string ends with an action in braces,
// so that a forge shows the file as ordinary Markdown:
//
//	yaml {apply}           objects that are added or changed
//	http {fire count=8}    requests; several, after lines "### name", are lanes
//	                       that run side by side
//	sh {run}               a command a line, or a script that begins with #!;
//	                       gwctl's own commands need no shell
//	quiz {predict of=…}    a question that the traffic answers
//	yaml {check id=x}      what must hold
//	md {hint}              hints in layers; when=CHECK makes one situational
//	yaml|http|sh {solve}   what makes the checks of the step hold
//	yaml|http|sh {setup}   before the lesson or the step; {cleanup} after
//
// Any other fence is prose. A comment "<!-- speaker_note: … -->" is for the
// speaker, "<!-- pause -->" stops an automatic run. {{name}} stands for a param.
//
// lesson.LANG.md translates the prose: the same steps with the same blocks in the
// same order, where the blocks that do something are empty.
//
// # Solves
//
// A step without a solve is solved by doing what it shows. A step with one shows
// something first, after which its checks must not yet hold.
//
// # Faults
//
// Reading is strict: every fault of a file is told at once, with its line and
// with what would be right. Characters that a terminal obeys instead of showing
// them are faults everywhere, also those that YAML writes as escapes.
package lesson
