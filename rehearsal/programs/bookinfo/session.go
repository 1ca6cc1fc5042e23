package main

import (
	"encoding/base64"
	"net/http"
)

const sessionCookie = "session"

// login takes every name, with any password, and leads back to where it was asked from.
func login(w http.ResponseWriter, r *http.Request) {
	setSession(w, base64.RawURLEncoding.EncodeToString([]byte(r.FormValue("username"))))
	back(w, r)
}

// logout forgets the name.
func logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", HttpOnly: true, MaxAge: -1})
	back(w, r)
}

func setSession(w http.ResponseWriter, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// back leads to the page that the request came from.
func back(w http.ResponseWriter, r *http.Request) {
	from := r.Referer()
	if from == "" {
		from = "/productpage"
	}
	http.Redirect(w, r, from, http.StatusFound)
}

// userOf is the name of whoever has logged in; empty: nobody has.
func userOf(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	name, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	return string(name)
}
