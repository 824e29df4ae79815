package main

// guestChecks are what the step check can do. They return what they have seen.
var guestChecks = map[string]func() (string, error){}
