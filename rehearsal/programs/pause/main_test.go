package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// With PAUSE set, the test's own program is pause, which begins with a child that says so and ends.
func TestMain(m *testing.M) {
	if os.Getenv("PAUSE") == "" {
		os.Exit(m.Run())
	}
	child := exec.Command("/bin/sh", "-c", "echo started")
	child.Stdout = os.Stdout
	if err := child.Start(); err != nil {
		panic(err)
	}
	main()
}

func TestReapsAndEndsAtOnce(t *testing.T) {
	for _, sent := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), "PAUSE=1")
		output, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		// It reaps only once it listens for signals.
		untilNoChildren(t, command.Process.Pid)
		if err := command.Process.Signal(sent); err != nil {
			t.Fatal(err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("%v: %v", sent, err)
		}
	}
}

// untilNoChildren waits until a process has no children, which they are also once they have ended, until they are reaped.
func untilNoChildren(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if children(t, pid) == "" {
			return
		}
	}
	t.Fatalf("after 20 seconds process %d still has children: %s", pid, children(t, pid))
}

// children are those of all threads of a process.
func children(t *testing.T, pid int) string {
	t.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	for _, thread := range threads {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, thread.Name()))
		found += string(text)
	}
	return strings.TrimSpace(found)
}
