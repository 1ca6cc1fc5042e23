package main

import (
	"os"
	"strings"
)

// settings are what the environment says, by the names that the original has.
type settings struct {
	service string
	version string
	port    string
	// Base URLs of the other services.
	details string
	reviews string
	ratings string
	// Of reviews.
	showsRatings bool
	starColor    string
	cluster      string
	pod          string
}

func settingsFrom(env func(name string) string) settings {
	or := func(name, otherwise string) string {
		if value := env(name); value != "" {
			return value
		}
		return otherwise
	}
	domain := ""
	if given := env("SERVICES_DOMAIN"); given != "" {
		domain = "." + given
	}
	base := func(service string) string {
		name := strings.ToUpper(service)
		return "http://" + or(name+"_HOSTNAME", service) + domain + ":" + or(name+"_SERVICE_PORT", "9080")
	}
	host, _ := os.Hostname()
	return settings{
		service:      env("SERVICE"),
		version:      or("SERVICE_VERSION", "v1"),
		port:         or("PORT", "9080"),
		details:      base("details"),
		reviews:      base("reviews"),
		ratings:      base("ratings"),
		showsRatings: env("ENABLE_RATINGS") == "true",
		starColor:    or("STAR_COLOR", "black"),
		// The original writes the word where there is no name.
		cluster: or("CLUSTER_NAME", "null"),
		pod:     or("HOSTNAME", host),
	}
}
