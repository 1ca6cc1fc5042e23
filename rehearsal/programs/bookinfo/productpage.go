package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// patience is how long the product page waits for another service.
const patience = 3 * time.Second

// tries is how often it asks for reviews. Twice is the mistake that the original has on purpose: a delay of six seconds
// in reviews is too much for it, though each try has three.
const tries = 2

// product is a book on the list.
type product struct {
	ID              int    `json:"id"`
	Title           string `json:"title"`
	DescriptionHTML string `json:"descriptionHtml"`
}

var products = []product{{
	ID:    0,
	Title: "The Comedy of Errors",
	DescriptionHTML: `<a href="https://en.wikipedia.org/wiki/The_Comedy_of_Errors">Wikipedia Summary</a>: ` +
		`The Comedy of Errors is one of <b>William Shakespeare's</b> early plays. It is his shortest and one of his ` +
		`most farcical comedies, with a major part of the humour coming from slapstick and mistaken identity, in ` +
		`addition to puns and word play.`,
}}

// productpage is the service for people: a page, and an API that asks the other services.
func productpage(s settings) http.Handler {
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, r *http.Request) { showPage(w, r, s) }
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, http.StatusOK, "index.html", s) })
	mux.HandleFunc("GET /index.html", func(w http.ResponseWriter, _ *http.Request) { show(w, http.StatusOK, "index.html", s) })
	mux.HandleFunc("GET /productpage", page)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, "text/html; charset=utf-8", []byte("Product page is healthy"))
	})
	mux.HandleFunc("POST /login", login)
	mux.HandleFunc("GET /logout", logout)
	mux.HandleFunc("GET /api/v1/products", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, products)
	})
	api := func(ask func(context.Context, http.Header, string) (int, json.RawMessage)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			status, body := ask(r.Context(), headersOf(r), url.PathEscape(r.PathValue("id")))
			answer(w, status, body)
		}
	}
	mux.HandleFunc("GET /api/v1/products/{id}", api(s.detailsOf))
	mux.HandleFunc("GET /api/v1/products/{id}/reviews", api(s.reviewsOf))
	mux.HandleFunc("GET /api/v1/products/{id}/ratings", api(s.ratingsOf))
	return mux
}

func (s settings) detailsOf(ctx context.Context, headers http.Header, id string) (int, json.RawMessage) {
	status, body := ask(ctx, s.details+"/details/"+id, headers, patience)
	return orSorry(status, body, "details")
}

func (s settings) reviewsOf(ctx context.Context, headers http.Header, id string) (int, json.RawMessage) {
	status, body := 0, json.RawMessage(nil)
	for range tries {
		status, body = ask(ctx, s.reviews+"/reviews/"+id, headers, patience)
		if status == http.StatusOK {
			break
		}
	}
	return orSorry(status, body, "reviews")
}

func (s settings) ratingsOf(ctx context.Context, headers http.Header, id string) (int, json.RawMessage) {
	status, body := ask(ctx, s.ratings+"/ratings/"+id, headers, patience)
	return orSorry(status, body, "ratings")
}

// orSorry keeps the status of a service that answers with an error; one that does not answer at all is 500.
func orSorry(status int, body json.RawMessage, part string) (int, json.RawMessage) {
	if status == http.StatusOK {
		return status, body
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	text, _ := json.Marshal(failure{"Sorry, product " + part + " are currently unavailable for this book."})
	return status, text
}

// headersOf adds the name of whoever has logged in to the headers that are passed on.
func headersOf(r *http.Request) http.Header {
	headers := headersFrom(r)
	if user := userOf(r); user != "" {
		headers.Set("end-user", user)
	}
	return headers
}

// showPage shows the first book, with what the other services say of it.
func showPage(w http.ResponseWriter, r *http.Request, s settings) {
	headers := headersOf(r)
	shown := products[0]
	id := strconv.Itoa(shown.ID)
	var view pageView
	view.Title, view.Description, view.User = shown.Title, shown.DescriptionHTML, userOf(r)
	status, body := s.detailsOf(r.Context(), headers, id)
	view.DetailsError = decode(status, body, &view.Details)
	status, body = s.reviewsOf(r.Context(), headers, id)
	view.ReviewsError = decode(status, body, &view.Reviews)
	show(w, http.StatusOK, "productpage.html", view)
}

// decode reads what a service says; it gives the reason where it says none of that.
func decode(status int, body json.RawMessage, into any) string {
	if status == http.StatusOK {
		err := json.Unmarshal(body, into)
		if err == nil {
			return ""
		}
		return err.Error()
	}
	var got failure
	_ = json.Unmarshal(body, &got)
	return got.Error
}
