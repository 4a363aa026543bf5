# Reference values of the R package strucchange for the project's own break tests.
#   Rscript tests/reference/strucchange_reference.R tests/reference/data
# prints one row per value: case, quantity, position, value. The stored output is strucchange_output.csv.
suppressMessages(library(strucchange))
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) read.csv(file.path(folder, name), comment.char = "#")
out <- function(case, quantity, values) {
  for (i in seq_along(values))
    cat(case, quantity, i, format(values[i], digits = 12, scientific = FALSE), sep = ",", fill = TRUE)
}
cat("# strucchange", as.character(packageVersion("strucchange")), "on", R.version.string, "\n")
cat("case,quantity,position,value\n")

describe <- function(case, formula, data, h, from, m) {
  found <- breakpoints(formula, data = data, h = h, breaks = m)
  table <- summary(found)$RSS
  out(case, "ssr", table["RSS", ])
  out(case, "bic", table["BIC", ])
  for (k in seq_len(m)) out(case, paste0("breaks", k), breakpoints(found, breaks = k)$breakpoints)
  interval <- confint(found, breaks = 1)$confint
  out(case, "interval", interval[1, c(1, 3)])
  statistics <- Fstats(formula, data = data, from = from)
  for (kind in c("supF", "aveF", "expF")) {
    test <- sctest(statistics, type = kind)
    out(case, kind, c(test$statistic, test$p.value))
  }
  for (kind in c("OLS-CUSUM", "Rec-CUSUM", "OLS-MOSUM", "RE")) {
    test <- sctest(efp(formula, data = data, type = kind))
    out(case, kind, c(test$statistic, test$p.value))
  }
  nyblom <- sctest(efp(formula, data = data, type = "Score-CUSUM"), functional = "meanL2")
  out(case, "Nyblom-Hansen", nyblom$statistic)
}

describe("nile", value ~ 1, read("nile.csv"), 0.15, 0.15, 5)
describe("seatbelt", y ~ lag1 + lag12, read("seatbelt_lags.csv"), 0.1, 0.1, 3)
money <- read("german_m1.csv")
money$season <- factor(substr(money$period, 6, 7), levels = c("Q4", "Q1", "Q2", "Q3"))
describe("german_m1", dm ~ dy2 + dR + dR1 + dp + m1 + y1 + R1 + season, money, 0.15, 0.1, 3)

history <- money[1:118, ]
model <- dm ~ dy2 + dR + dR1 + dp + ecm + season
for (kind in c("OLS-CUSUM", "OLS-MOSUM", "RE", "ME")) {
  start <- mefp(model, data = history, type = kind, h = if (kind %in% c("ME", "OLS-MOSUM")) 0.25 else 1)
  found <- monitor(start, data = money, verbose = FALSE)
  out("monitor", kind, c(found$breakpoint, found$critval))
}

rate <- read("real_interest.csv")
found <- breakpoints(value ~ 1, data = rate, h = 15)
kernel <- function(x, ...) kernHAC(x, kernel = "Quadratic Spectral", prewhite = 1, approx = "AR(1)", ...)
out("real_interest", "breaks3", breakpoints(found, breaks = 3)$breakpoints)
suppressWarnings({
  robust <- confint(found, breaks = 3, vcov = kernel)$confint
  plain <- confint(found, breaks = 3)$confint
})
for (k in 1:3) {
  out("real_interest", paste0("robust", k), robust[k, c(1, 3)])
  out("real_interest", paste0("plain", k), plain[k, c(1, 3)])
}
