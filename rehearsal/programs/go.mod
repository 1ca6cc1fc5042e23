module rehearsal/programs

go 1.26.0
