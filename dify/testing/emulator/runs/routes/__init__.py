"""Routes of workflow runs, their events and their forms, one module per noun."""
