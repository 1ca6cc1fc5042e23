// Command runc-in-sandbox is runc for the rehearsal's node: it takes out of a container's configuration what cannot be
// had in the sandbox, and becomes runc.
//
// The runc that is built here has no libseccomp, and refuses containers that ask for a profile. Without root there are
// no cgroups, and runc refuses containers that ask for limits.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// cgroupsVariable says "no" where there are no cgroups.
const cgroupsVariable = "RUNTIME_CGROUPS"

func main() {
	if err := run(os.Args[1:], os.Getenv(cgroupsVariable) != "no"); err != nil {
		fmt.Fprintln(os.Stderr, "runc-in-sandbox:", err)
		os.Exit(1)
	}
}

func run(args []string, cgroups bool) error {
	if bundle, creates := bundleOf(args); creates {
		if err := rewrite(filepath.Join(bundle, "config.json"), cgroups); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	runc := filepath.Join(filepath.Dir(self), "runc")
	return syscall.Exec(runc, append([]string{"runc"}, args...), os.Environ())
}

// bundleOf gives the folder of the container that a command line creates, if it creates one.
func bundleOf(args []string) (string, bool) {
	at := slices.Index(args, "--bundle")
	if !slices.Contains(args, "create") || at < 0 || at+1 >= len(args) {
		return "", false
	}
	return args[at+1], true
}

// rewrite takes out of a configuration what cannot be had.
func rewrite(file string, cgroups bool) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var config map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	// Limits are larger than the whole numbers that a float has.
	decoder.UseNumber()
	if err := decoder.Decode(&config); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if linux, ok := config["linux"].(map[string]any); ok {
		delete(linux, "seccomp")
		if !cgroups {
			delete(linux, "cgroupsPath")
			delete(linux, "resources")
		}
	}
	if text, err = json.Marshal(config); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}
