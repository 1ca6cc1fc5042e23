package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

//go:embed *.html
var files embed.FS

const mostStars = 5

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	// The description of a book is the program's own.
	"html": func(text string) template.HTML { return template.HTML(text) },
	"full": func(stars int) []struct{} { return make([]struct{}, min(max(stars, 0), mostStars)) },
	"rest": func(stars int) []struct{} { return make([]struct{}, mostStars-min(max(stars, 0), mostStars)) },
}).ParseFS(files, "*.html"))

// pageView is what the product page shows; of details and reviews, the error in their place where there is one.
type pageView struct {
	Title        string
	Description  string
	User         string
	Details      book
	DetailsError string
	Reviews      reviewed
	ReviewsError string
}

// show sends a page.
func show(w http.ResponseWriter, status int, name string, view any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, status, "text/html; charset=utf-8", page.Bytes())
}
