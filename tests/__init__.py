"""The tests are one package, so that files of the two faces may bear the same names."""
