# The data sets of an export as R data frames, with the labels of their variables.
#
#   source("read.R")
#   data <- read_datasets("path/to/export")          # English labels
#   data <- read_datasets("path/to/export", "zh")    # Chinese labels
#   attr(data$subjects$arm, "label")
#
# Base R is enough. Variables get the type that labels.csv states; their label, unit and codelist are attributes.

read_datasets <- function(folder = ".", language = "en") {
  plain <- function(name) {
    read.csv(file.path(folder, name), colClasses = "character", na.strings = "",
             check.names = FALSE, fileEncoding = "UTF-8-BOM", encoding = "UTF-8")
  }
  labels <- plain("labels.csv")
  label <- if (language == "en") "label_en" else "label_zh"
  typed <- function(values, type) {
    switch(type,
      integer = as.integer(values),
      float = as.numeric(values),
      date = as.Date(values),
      boolean = values == "true",
      values)
  }
  read_one <- function(id) {
    frame <- plain(paste0(id, ".csv"))
    about <- labels[labels$dataset == id, ]
    stopifnot(identical(names(frame), about$variable))
    for (at in seq_len(nrow(about))) {
      values <- typed(frame[[at]], about$type[at])
      attr(values, "label") <- about[[label]][at]
      if (!is.na(about$unit[at])) attr(values, "unit") <- about$unit[at]
      if (!is.na(about$codelist[at])) attr(values, "codelist") <- about$codelist[at]
      frame[[at]] <- values
    }
    frame
  }
  ids <- unique(labels$dataset)
  found <- lapply(ids, read_one)
  names(found) <- ids
  found
}
