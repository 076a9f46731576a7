// Command empty does nothing: its run time is the start-up time of any Go program.
package main

func main() {}
