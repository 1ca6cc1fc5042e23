package main

import (
	"os"
	"path/filepath"
	"testing"
)

const given = `{"linux":{"cgroupsPath":"/a/b","namespaces":[],"resources":{"memory":{"limit":9007199254740993}},"seccomp":{}}}`

func TestRewrite(t *testing.T) {
	for cgroups, expected := range map[bool]string{
		true:  `{"linux":{"cgroupsPath":"/a/b","namespaces":[],"resources":{"memory":{"limit":9007199254740993}}}}`,
		false: `{"linux":{"namespaces":[]}}`,
	} {
		file := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(file, []byte(given), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := rewrite(file, cgroups); err != nil {
			t.Fatal(err)
		}
		if text, _ := os.ReadFile(file); string(text) != expected {
			t.Errorf("cgroups %v: %s", cgroups, text)
		}
	}
}

func TestBundleOf(t *testing.T) {
	if bundle, creates := bundleOf([]string{"--root", "/r", "create", "--bundle", "/b", "id"}); bundle != "/b" || !creates {
		t.Error(bundle, creates)
	}
	if _, creates := bundleOf([]string{"--root", "/r", "start", "id"}); creates {
		t.Error("start creates nothing")
	}
}
