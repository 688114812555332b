print("polymnia")
